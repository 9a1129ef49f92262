// BGP
